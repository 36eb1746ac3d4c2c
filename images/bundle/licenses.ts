/** The licences of what is in a bundle: an index, and each package's own texts. */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { packageOf } from './places.ts'

export interface LicensedPackage {
  name: string
  version: string
  /** SPDX expression. */
  license: string
  /** Who wrote it, as its manifest says; for those that came without a text. */
  author?: string
  /** Files beside the index; empty when the package came without a text. */
  texts: string[]
}

interface Part {
  name: string
  /** SPDX expression. */
  license: string
  /** In `texts/`, where the package itself has none. */
  text?: string
}

/** What is compiled into packages and has another licence than their manifests say, by package. */
const PARTS: Record<string, Part[]> = {
  '@fastify/swagger-ui': [{ name: 'swagger-ui-dist', license: 'Apache-2.0' }],
  // Its WebAssembly names the files that it was compiled from: some are Signal's, and say AGPL-3.0-only at their top. The
  // manifests of the package and of this part say MIT.
  'whatsapp-rust-bridge': [{ name: 'wacore-libsignal', license: 'AGPL-3.0-only', text: 'AGPL-3.0-only.txt' }],
}

const TEXT = /^(licen[cs]e|copying|notice|copyright)/i

/**
 * Writes `index.json` (LicensedPackage[], by name), `<package>@<version>/…` for each, and our own LICENSE and NOTICE.
 * @param root the clone
 * @param files what the bundle is made of, relative to the clone
 */
export async function writeLicenses(root: string, files: string[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const file of ['LICENSE', 'NOTICE']) await copyFile(path.join(root, file), path.join(folder, file))
  const folders = [...new Set(files.flatMap((file) => packageOf(file)?.folder ?? []))]
  const listed = new Map<string, LicensedPackage>()
  for (const each of folders) {
    for (const found of await licensed(path.join(root, each), folder))
      listed.set(`${found.name}@${found.version}`, found)
  }
  const index = [...listed.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  await writeFile(path.join(folder, 'index.json'), `${JSON.stringify(index, null, 2)}\n`)
}

interface Manifest {
  name: string
  version: string
  license?: string
  author?: string | { name: string }
  devDependencies?: Record<string, string>
}

/** A package and the parts in it that have another licence; copies the texts. */
async function licensed(from: string, to: string): Promise<LicensedPackage[]> {
  const { name, version, license, author, devDependencies } = JSON.parse(
    await readFile(path.join(from, 'package.json'), 'utf8'),
  ) as Manifest
  if (!license) throw new Error(`${name} ${version} names no licence in its package.json: find out which it has`)
  const place = `${name}@${version}`
  const texts: string[] = []
  for (const file of (await readdir(from)).filter((each) => TEXT.test(each)).sort()) {
    await mkdir(path.join(to, place), { recursive: true })
    await copyFile(path.join(from, file), path.join(to, place, file))
    texts.push(path.posix.join(place, file))
  }
  const parts: LicensedPackage[] = []
  for (const part of PARTS[name] ?? []) {
    const partVersion = devDependencies?.[part.name] ?? `in ${name} ${version}`
    const folder = `${part.name} in ${place}`
    if (part.text) {
      await mkdir(path.join(to, folder), { recursive: true })
      await copyFile(path.join(import.meta.dirname, 'texts', part.text), path.join(to, folder, part.text))
    }
    const partTexts = part.text ? [path.posix.join(folder, part.text)] : []
    parts.push({ name: part.name, version: partVersion, license: part.license, texts: partTexts })
  }
  const by = typeof author === 'string' ? author : author?.name
  return [{ name, version, license, ...(by ? { author: by } : {}), texts }, ...parts]
}
