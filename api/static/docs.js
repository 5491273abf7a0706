import { heldKey, inHeader } from "./dashboard/data/key.js";

// The key that was entered in the dashboard, in the same tab; "Authorize" takes another one.
const key = heldKey();
const onComplete = () => key !== null && ui.preauthorizeApiKey("HTTPBearer", inHeader(key));
const ui = SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null, onComplete });
