/** `npm run images`: builds the container images. */
import path from 'node:path'
import { parseArgs } from 'node:util'
import { buildImages, IMAGE_NAMES, type ImageName } from './build.ts'

const HELP = `npm run images -- [options]

Builds the container images and writes them as OCI archives, with Docker where an engine answers, else with buildah as root.

  --tag TAG       (dev) the images are docker.io/berth/NAME:TAG
  --only A,B      (operator,gateway,worker,simulator) some of: ${IMAGE_NAMES.join(', ')}
  --output DIR    where the archives go (~/.cache/berth/images/TAG)

postgres stands in for docker.io/library/postgres:17 on test clusters that no registry of images answers.
`

const parse = () =>
  parseArgs({
    options: {
      tag: { type: 'string', default: 'dev' },
      only: { type: 'string' },
      output: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values

function chosen(list: string): ImageName[] {
  return list.split(',').map((word) => {
    const name = IMAGE_NAMES.find((each) => each === word.trim())
    if (!name) throw new Error(`There is no image "${word}"; there are ${IMAGE_NAMES.join(', ')}.`)
    return name
  })
}

async function main(): Promise<void> {
  const values = parse()
  if (values.help) return console.log(HELP)
  const begun = performance.now()
  const images = await buildImages({
    tag: values.tag,
    ...(values.only ? { only: chosen(values.only) } : {}),
    // npm changes to the folder of the package; paths are meant from where the person is.
    ...(values.output ? { output: path.resolve(process.env.INIT_CWD ?? '.', values.output) } : {}),
    onProgress: (line) => console.log(line),
  })
  console.log(`\n${['image'.padEnd(36), 'to download', '  on disk', 'archive'].join('  ')}`)
  for (const { reference, archive, bytes, unpackedBytes } of images) {
    const [download, disk] = [bytes, unpackedBytes].map((size) => `${(size / 1e6).toFixed(1)} MB`) as [string, string]
    console.log(`${reference.padEnd(36)}  ${download.padStart(11)}  ${disk.padStart(9)}  ${archive}`)
  }
  console.log(`\n${((performance.now() - begun) / 1000).toFixed(0)} s`)
}

await main().catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
