/** Installs what is missing, then runs the program with the clone's Node and ends as it ends. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { InstallError, install, isInstalled } from './install.mjs'
import { withLock } from './lock.mjs'

const clone = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
/** What runs TypeScript without a flag. */
const NEEDED_NODE = 24
const PARENT_POLL_MS = 250
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** @param {string[]} args the program, relative to the clone, and its arguments */
export async function main(args) {
  const [script, ...rest] = args
  if (!script) {
    console.error('usage: node local/setup.mjs <script.ts> [arguments]')
    process.exitCode = 2
    return
  }
  try {
    if (!isInstalled(clone)) await withLock(clone, () => isInstalled(clone) || install(clone))
  } catch (error) {
    if (!(error instanceof InstallError)) throw error
    console.error(error.message)
    process.exitCode = 1
    return
  }
  const node = nodeOf(clone)
  if (node) run(node, ['--disable-warning=ExperimentalWarning', path.join(clone, script), ...rest])
}

/** The clone's own Node; where its npm package has none for this platform, the one that runs us, if it is new enough. */
function nodeOf(clone) {
  const own = path.join(clone, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(own)) return own
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_NODE) return process.execPath
  console.error(
    `The npm package "node" brought no Node ${NEEDED_NODE} (are npm's install scripts switched off?), ` +
      `and this one is ${process.version}.\nInstall Node ${NEEDED_NODE}: https://nodejs.org/en/download`,
  )
  process.exitCode = 1
  return undefined
}

/**
 * The program inherits the terminal. It has a channel to us, so that it learns of our end even when we are killed; and we
 * look whether npm is still there, for the same reason.
 */
function run(node, args) {
  // Compiled code is kept, which halves the start of every process below us.
  const env = { NODE_COMPILE_CACHE: path.join(clone, 'node_modules', '.cache', 'node'), ...process.env }
  const child = spawn(node, args, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const name of SIGNALS) process.on(name, () => child.kill(name))
  const watchParent = process.env.npm_lifecycle_event ? endWithParent(child) : undefined
  child.once('error', (error) => {
    console.error(`${node} can't be run: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code, by) => {
    clearInterval(watchParent)
    process.exitCode = code ?? 128 + os.constants.signals[by]
    if (child.connected) child.disconnect()
  })
}

function endWithParent(child) {
  const parent = process.ppid
  return setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, PARENT_POLL_MS)
}
