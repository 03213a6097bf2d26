// Preloaded into every Node program the supervisor starts (node --import): ends the program when the supervisor is gone,
// even by SIGKILL, because then its end of the pipe on standard input closes. Programs know nothing of it.
const GRACE_MS = 10_000;

process.stdin.on('error', () => {});
process.stdin.on('close', () => {
  process.kill(process.pid, 'SIGTERM');
  // The process leads its own group: what it started goes with it.
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), GRACE_MS).unref();
});
process.stdin.resume();
process.stdin.unref?.();
