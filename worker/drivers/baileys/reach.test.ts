import { expect, test } from 'vitest'
import { Reach } from './reach.ts'

const HOUR = 3_600_000
const never = new AbortController().signal

/** What is over by the time in which everything has happened that follows at once. */
async function over(waits: Promise<void>[]): Promise<boolean[]> {
  const done = waits.map(() => false)
  for (const [index, wait] of waits.entries()) {
    void wait.then(
      () => (done[index] = true),
      () => {},
    )
  }
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

test('who is let in calls off the waits of the others; who begins to wait then, waits', async () => {
  const reach = new Reach()
  const stopping = new AbortController()
  const waits = [reach.wait(HOUR, never), reach.wait(HOUR, never)]
  expect(await over(waits)).toEqual([false, false])
  reach.answered(0)
  expect(await over([...waits, reach.wait(HOUR, stopping.signal)])).toEqual([true, true, false])
  stopping.abort()
})

test('a server that lets one after another in does not have all of them ask each time', async () => {
  const reach = new Reach()
  const stopping = new AbortController()
  reach.answered(0)
  const wait = reach.wait(HOUR, stopping.signal)
  reach.answered(9_999)
  expect(await over([wait])).toEqual([false])
  reach.answered(10_000)
  expect(await over([wait])).toEqual([true])
  stopping.abort()
})

test('a wait that is called off by a stop throws its reason', async () => {
  const stopping = new AbortController()
  const wait = new Reach().wait(HOUR, stopping.signal)
  stopping.abort(new Error('stopped'))
  await expect(wait).rejects.toThrow('stopped')
})
