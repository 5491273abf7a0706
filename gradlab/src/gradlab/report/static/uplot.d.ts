// The types of `uplot.js`, for the checker alone.
export { default } from "uplot";
