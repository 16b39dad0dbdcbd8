import { render } from "preact";
import { App } from "./app";
import { html } from "./html";
import { Store } from "./store";

const store = new Store();
const root = document.getElementById("app");
if (root) render(html`<${App} store=${store} />`, root);
void store.start();
