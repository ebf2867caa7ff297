// Loads the schema and hands it to Swagger UI. With access keys the schema needs one, which is asked for.

const form = document.getElementById("key");
const fault = document.getElementById("fault");

async function load(key) {
  const response = await fetch("openapi.json", { headers: key ? { "X-API-Key": key } : {} });
  const body = await response.json();
  if (!response.ok) {
    form.hidden = false;
    fault.textContent = key || response.status !== 401 ? body.detail : "";
    return;
  }
  form.hidden = true;
  const page = SwaggerUIBundle({
    spec: body,
    dom_id: "#api",
    deepLinking: true,
    validatorUrl: null, // no request to validator.swagger.io
    onComplete: () => key && page.preauthorizeApiKey("header", key),
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  load(document.getElementById("value").value);
});
load("");
