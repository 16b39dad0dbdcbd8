import { runApp } from "./run-app";

// `npm run synth`: the same as `cdktf synth`, without the two seconds that its command line takes
// to start.
void runApp();
