import { loadApp } from "./app";

// The app of cdktf's command line (`app` in cdktf.json). The command line supplies the context
// itself.
void loadApp();
