import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { failpoint, firedLine, InjectedFailure, parseFailpoints, spring } from './failpoint.ts'
import type { Point } from './points.ts'

const MODULE = fileURLToPath(new URL('./failpoint.ts', import.meta.url))

/** A process that hits the point twice, then says so and ends. */
function run(armed: string | undefined, point: Point) {
  const script = `
    const { failpoint } = await import(${JSON.stringify(MODULE)})
    await failpoint('${point}')
    await failpoint('${point}')
    console.log('survived')`
  const env = { PATH: process.env.PATH, ...(armed === undefined ? {} : { BERTH_FAILPOINTS: armed }) }
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env,
    encoding: 'utf8',
  })
  return { stdout: stdout.trim(), stderr, signal, status }
}

describe('a failpoint', () => {
  test('does nothing when it is not armed', () => {
    expect(failpoint('send.taken')).toBeUndefined()
    expect(run(undefined, 'send.taken')).toMatchObject({ stdout: 'survived', stderr: '', status: 0 })
    expect(run('send.marked=crash', 'send.taken')).toMatchObject({ stdout: 'survived', status: 0 })
  })

  test('crash ends the process there and then, and says where', () => {
    const { stdout, stderr, signal } = run('send.taken=crash', 'send.taken')
    expect({ stdout, signal }).toEqual({ stdout: '', signal: 'SIGKILL' })
    expect(stderr).toContain(firedLine('send.taken'))
  })

  test('a number of hits is waited for', () => {
    expect(run('send.taken=crash@2,7', 'send.taken').signal).toBe('SIGKILL')
    expect(run('send.taken=crash@3', 'send.taken')).toMatchObject({ stdout: 'survived', status: 0 })
  })

  test('fail throws, delay waits, hang stays', async () => {
    const traps = parseFailpoints('send.taken=fail;send.marked=delay:5@2;send.acked=hang')
    const hit = (point: Point) => spring(point, traps.get(point))
    expect(() => hit('send.taken')).toThrow(InjectedFailure)
    expect(hit('send.marked')).toBeUndefined()
    const startedAt = performance.now()
    await hit('send.marked')
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(4)
    const first = await Promise.race([
      hit('send.acked'),
      new Promise((resolve) => setTimeout(resolve, 20, 'still there')),
    ])
    expect(first).toBe('still there')
  })

  test.each(['', 'nowhere=crash', 'send.taken', 'send.taken=explode', 'send.taken=delay', 'send.taken=crash@0', ';'])(
    '"%s" arms nothing, and is refused',
    (text) => {
      expect(() => parseFailpoints(text)).toThrow('BERTH_FAILPOINTS')
    },
  )
})
