// Runs webpack on the settings that come by standard input, in a process of its own: it starts others.
import { text } from 'node:stream/consumers';
import webpack from 'webpack';

const settings = JSON.parse(await text(process.stdin));
const compiler = webpack(settings);
compiler.run((error, stats) => {
  if (error !== null || stats.hasErrors()) {
    console.error(error ?? stats.toString({ all: false, errors: true }));
    process.exitCode = 1;
  }
  compiler.close(() => undefined);
});
