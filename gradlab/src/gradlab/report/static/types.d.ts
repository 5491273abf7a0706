// Types for the checker alone (`make check-js`): what several modules pass on. No browser reads these files.
// What the service answers stands in `experiments.d.ts` and `diagnoses.d.ts`.

/** What an element may hold; null, false and undefined are left out. */
type Child = Node | string | number | null | undefined | false | Child[];

/** What `h` is given: `on…` are listeners, `style` an object, the rest attributes. */
interface Properties {
  style?: Record<string, string>;
  [listener: `on${string}`]: (event: any) => unknown;
  [attribute: string]: unknown;
}

type ScaleKind = "log" | "share" | "linear";

interface Statistic {
  name: string;
  scale: ScaleKind;
  unit: string;
  meaning: string;
  /** when a tensor has no such number; empty if every tensor has one. */
  missing?: string;
}

/** A kind of series of which a statistic is shown for each layer. */
interface LayerKind {
  name: string;
  title: string;
  /** of its endpoint below the experiment's. */
  path: string;
  /** the field of a spec's `record` that says how often it is recorded. */
  record: string;
  /** true if a layer has several tensors of it. */
  isOfParameters: boolean;
  statistics: Statistic[];
  /** the statistic that is shown first. */
  first: Statistic;
}

/** A file that a view can be saved as. */
interface FileLink {
  label: string;
  path: string;
  accept: string;
  name: string;
}

/** A number that cannot change: an axis, a column, the data of an archive. */
type Numbers = ArrayLike<number>;

/** A line, with a band from `low` to `high` where several seeds were trained. */
interface Series {
  name: string;
  colour: string;
  values: Numbers;
  low?: Numbers;
  high?: Numbers;
}

type RGB = number[];

/** Says in the head of the page whether it is live. */
type Say = (state: string, words: string) => void;

/** What a page is opened with; it leaves when `signal` is aborted. */
interface PageOptions {
  page: HTMLElement;
  parts: string[];
  signal: AbortSignal;
  say: Say;
}

interface WindowEventMap {
  themechange: Event;
}
