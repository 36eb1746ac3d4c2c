/** Makes images of one program each: what a cluster itself needs must not come from a registry. */
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run } from '../command.ts'

const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }
const NOBODY = '65535:65535'

/** Writes an OCI archive to `file` whose one image has the full name `name` and runs `program`, linked statically. */
export async function writeImage(name: string, program: string, file: string): Promise<void> {
  const folder = await mkdtemp(`${file}-`)
  const layout = path.join(folder, 'layout')
  await mkdir(path.join(layout, 'blobs', 'sha256'), { recursive: true })
  const blob = async (content: Buffer, mediaType: string) => {
    const hash = createHash('sha256').update(content).digest('hex')
    await writeFile(path.join(layout, 'blobs', 'sha256', hash), content)
    return { mediaType, digest: `sha256:${hash}`, size: content.length }
  }
  const json = (value: object, mediaType: string) => blob(Buffer.from(JSON.stringify(value)), mediaType)

  await copyFile(program, path.join(folder, 'program'))
  await chmod(path.join(folder, 'program'), 0o755)
  await run('tar', ['-C', folder, '-cf', path.join(folder, 'layer.tar'), 'program'])
  const type = 'application/vnd.oci.image'
  const layer = await blob(await readFile(path.join(folder, 'layer.tar')), `${type}.layer.v1.tar`)
  const config = await json(
    {
      architecture: ARCHITECTURES[process.arch] ?? process.arch,
      os: 'linux',
      config: { Entrypoint: ['/program'], User: NOBODY },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    },
    `${type}.config.v1+json`,
  )
  const manifest = await json(
    { schemaVersion: 2, mediaType: `${type}.manifest.v1+json`, config, layers: [layer] },
    `${type}.manifest.v1+json`,
  )
  const annotations = { 'org.opencontainers.image.ref.name': name }
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] }
  await writeFile(path.join(layout, 'index.json'), JSON.stringify(index))
  await writeFile(path.join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  await run('tar', ['-C', layout, '-cf', file, 'oci-layout', 'index.json', 'blobs'])
  await rm(folder, { recursive: true })
}
