import { diagramCommand } from "./command";

diagramCommand(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
