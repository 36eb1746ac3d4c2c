/**
 * The root file system that our images share: Node, the libraries that it is linked with, and little more. What is not there
 * needs no update and helps no intruder: no shell, no package manager, no npm.
 *
 * The libraries are Debian's. Their packages are named where scanners look (/var/lib/dpkg/status.d), and their licences are
 * where Debian has them.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

/** The user of all our processes; the pods name it by number. */
const USER = { name: 'berth', id: 1000 }
/** Links of a Debian with a merged /usr. */
const MERGED = ['lib', 'lib64']
const NODE_LICENSE = '/usr/local/LICENSE'

/** To be run in the image whose Node it is. */
export function copyRuntime(folder: string): void {
  for (const name of MERGED) {
    const link = `/${name}`
    if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) continue
    mkdirSync(folder, { recursive: true })
    symlinkSync(readlinkSync(link), path.join(folder, name))
  }
  const libraries = sharedObjects()
  copy(process.execPath, path.join(folder, 'usr/local/bin/node'))
  for (const library of libraries) copy(library, path.join(folder, inRealFolder(library)))
  for (const name of packagesOf(libraries)) describePackage(name, folder)
  copy(NODE_LICENSE, path.join(folder, 'usr/share/doc/node/copyright'))
  copy('/etc/os-release', path.join(folder, 'etc/os-release'))
  write(
    path.join(folder, 'etc/passwd'),
    `root:x:0:0:root:/:/nologin\n${USER.name}:x:${USER.id}:${USER.id}::/app:/nologin\n`,
  )
  write(path.join(folder, 'etc/group'), `root:x:0:\n${USER.name}:x:${USER.id}:\n`)
  write(path.join(folder, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n')
  mkdirSync(path.join(folder, 'tmp'))
  execFileSync('chmod', ['1777', path.join(folder, 'tmp')])
}

/** The libraries of this process, and the loader. */
function sharedObjects(): string[] {
  const { sharedObjects: all } = process.report.getReport() as unknown as { sharedObjects: string[] }
  return all.filter((file) => file.startsWith('/') && file !== process.execPath)
}

const inRealFolder = (file: string): string => path.join(realpathSync(path.dirname(file)), path.basename(file))

/** Debian packages that hold the files. Their lists know some by the path before /usr was merged. */
function packagesOf(files: string[]): string[] {
  const names = files.map((file) => {
    for (const each of new Set([file, inRealFolder(file), realpathSync(file)])) {
      for (const known of [each, each.replace(/^\/usr/, '')]) {
        const name = ownerOf(known)
        if (name) return name
      }
    }
    throw new Error(`No Debian package has ${file}`)
  })
  return [...new Set(names)].sort()
}

function ownerOf(file: string): string | undefined {
  try {
    const line = execFileSync('dpkg-query', ['--search', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return line.split(':')[0]
  } catch {
    return undefined
  }
}

function describePackage(name: string, folder: string): void {
  write(
    path.join(folder, 'var/lib/dpkg/status.d', name),
    execFileSync('dpkg-query', ['--status', name], { encoding: 'utf8' }),
  )
  copy(copyrightOf(name), path.join(folder, 'usr/share/doc', name, 'copyright'))
}

/** A package may leave its licence to another one of the same source. */
function copyrightOf(name: string): string {
  const show = (...args: string[]) => execFileSync('dpkg-query', ['--show', ...args], { encoding: 'utf8' }).trim()
  const source = show('--showformat', `\${source:Package}`, name)
  const siblings = show('--showformat', `\${source:Package} \${Package}\n`)
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([from, sibling]) => (from === source ? sibling! : []))
  const file = [name, ...siblings].map((each) => `/usr/share/doc/${each}/copyright`).find((each) => existsSync(each))
  if (!file) throw new Error(`The base image has no licence of ${name}: what we copy must have one`)
  return file
}

function copy(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true })
  copyFileSync(from, to)
}

function write(file: string, content: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
}
