import { expect, it } from 'vitest'
import { commandOf } from './image.ts'

const command = (image: string, command?: string[], args?: string[]) =>
  commandOf({ name: 'main', image, ...(command ? { command } : {}), ...(args ? { args } : {}) }, '/clone')

it('runs the worker of the clone, whatever the registry and tag', () => {
  for (const image of ['berth/worker', 'berth/worker:local', 'ghcr.io/x/berth/worker:1.2', 'berth/worker@sha256:0']) {
    expect(command(image, undefined, ['-v'])).toMatchObject({
      args: expect.arrayContaining(['/clone/worker/main.ts', '-v']),
    })
  }
})

it('runs a command, and nothing else', () => {
  expect(command('any', ['sh', '-c'], ['x'])).toEqual({ file: 'sh', args: ['-c', 'x'] })
  for (const image of ['nginx:1', 'berth/worker-tools:1', 'notberth/worker:1']) {
    expect(command(image)).toHaveProperty('problem')
  }
})
