/** Builds with Docker's engine; the images are in it afterwards, as after `docker build`. */
import { run } from '@berth/cluster/command.ts'
import type { Engine, ImageBuild } from './engine.ts'

export class Docker implements Engine {
  readonly name = 'docker'

  async open(): Promise<void> {}

  async build({ context, dockerfile, target, folders = {}, args = {}, reference, archive }: ImageBuild): Promise<void> {
    await run('docker', [
      ...['build', '--quiet', '--file', dockerfile, '--tag', reference],
      ...(target ? ['--target', target] : []),
      ...Object.entries(folders).flatMap(([name, folder]) => ['--build-context', `${name}=${folder}`]),
      ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      context,
    ])
    await run('docker', ['save', '--output', archive, reference])
  }

  async close(): Promise<void> {}
}
