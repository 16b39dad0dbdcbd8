import { loadApp } from "./app";

// What cdktf's command line runs (`app` in cdktf.json); it brings the context itself.
void loadApp();
