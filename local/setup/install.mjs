/** Brings node_modules to what package-lock.json says. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { explain, isUnreachable } from './explain.mjs'

/** What a person can act on; its message is complete. */
export class InstallError extends Error {}

/**
 * Not `npm ci`: it refuses a lock file that lacks the optional packages of other platforms, which is what a registry
 * without them leaves behind. This keeps to the lock file all the same, and does not change it.
 */
const INSTALL = ['install', '--no-save', '--include=dev', '--include=optional', '--no-audit', '--no-fund'].concat([
  '--no-update-notifier',
  '--fetch-retries=2',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
])
/** Where no registry is, an installation would try each package for minutes. */
const PING = ['ping', '--fetch-retries=0', '--fetch-timeout=15000']
const PROGRESS_MS = 1000

/**
 * Does node_modules hold what the lock file asks for? npm writes down what it installed, and does it last, so that a
 * half-done installation has no such file.
 */
export function isInstalled(clone) {
  const wanted = readPackages(path.join(clone, 'package-lock.json'))
  const present = readPackages(path.join(clone, 'node_modules', '.package-lock.json'))
  if (!wanted || !present) return false
  return Object.entries(wanted).every(([place, { version, link, optional }]) => {
    if (place === '' || !place.includes('node_modules/')) return true // our own workspaces
    const found = present[place]
    if (!found) return Boolean(optional) // for other platforms
    return link ? found.link === true : found.version === version
  })
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** Throws InstallError. */
export async function install(clone) {
  const begun = Date.now()
  const seconds = () => Math.round((Date.now() - begun) / 1000)
  const what = 'Installing packages, only this once'
  const inPlace = process.stdout.isTTY && !process.env.CI
  if (inPlace) process.stdout.write(`${what} …`)
  else console.log(`${what} …`)
  const ticking = inPlace && setInterval(() => process.stdout.write(`\r${what} … ${seconds()} s`), PROGRESS_MS)
  const { code, output } = await attempt(clone)
  clearInterval(ticking)
  if (inPlace) process.stdout.write('\r\u001b[K')
  if (code !== 0) throw new InstallError(explain(output, { clone, env: process.env }))
  console.log(`Installed packages in ${seconds()} s`)
}

/** Without a registry npm's cache may still hold everything; if not, what matters is why there is no registry. */
async function attempt(clone) {
  const ping = await npm(clone, PING)
  if (ping.code === 0 || !isUnreachable(ping.output)) return npm(clone, INSTALL)
  const offline = await npm(clone, [...INSTALL, '--offline'])
  return offline.code === 0 ? offline : ping
}

/** npm as it was called, or the one of the path. In CI its output is shown as it comes. */
function npm(clone, given) {
  const cli = process.env.npm_execpath
  const isNpm = cli !== undefined && path.basename(cli).startsWith('npm')
  const [file, args] = isNpm ? [process.execPath, [cli, ...given]] : ['npm', given]
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: clone, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
        if (process.env.CI) process.stderr.write(chunk)
      })
    }
    child.once('error', (error) => resolve({ code: 1, output: `npm can't be run: ${error.message}` }))
    child.once('close', (code) => resolve({ code, output }))
  })
}

/** `npm --prefix <clone> start` leaves its prefix for every npm below it. */
function environment() {
  const { npm_config_prefix: _, npm_config_local_prefix: __, ...env } = process.env
  return env
}
