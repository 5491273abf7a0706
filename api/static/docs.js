import { heldKey, inHeader } from "./dashboard/data/key.js";

// The key that was entered in the dashboard, in the same tab; "Authorize" takes another one.
const key = heldKey();
const onComplete = () => key !== null && ui.preauthorizeApiKey("HTTPBearer", inHeader(key));

// Read as 3.1, the whole document is walked each time an operation is opened, which takes most of a minute; read as 3.0,
// only what the operation refers to. What 3.0 does not have, such as items of tuples and constants, is not shown then.
const DESCRIPTION = "/openapi.json";
const responseInterceptor = (answer) => {
  if (answer.url.endsWith(DESCRIPTION)) answer.text = answer.text?.replace(/"openapi":\s*"3\.1\.\d"/, '"openapi":"3.0.3"');
  return answer;
};
const ui = SwaggerUIBundle({
  url: DESCRIPTION,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  onComplete,
  responseInterceptor,
});
