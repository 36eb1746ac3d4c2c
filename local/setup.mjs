/**
 * Runs one of our TypeScript programs from a fresh clone: `node setup.mjs <script.ts> [arguments]`, the path being relative
 * to the clone. Installs what is missing first. Plain JavaScript without dependencies, for any Node from 20 on; older ones
 * are told so, hence nothing is imported before that is known.
 */
const OLDEST = 20
const major = Number(process.versions.node.split('.')[0])

if (major < OLDEST) {
  console.error(`Berth needs Node ${OLDEST} or newer to start; this is ${process.version} (${process.execPath}).`)
  console.error('Install a current one: https://nodejs.org/en/download')
  process.exitCode = 1
} else {
  import('./setup/main.mjs').then(({ main }) => main(process.argv.slice(2)))
}
