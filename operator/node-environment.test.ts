import { expect, test } from 'vitest'
import { nodeEnvironment } from './node-environment.ts'

test.each([
  ['768Mi', ' --max-old-space-size=512'],
  ['1.5Gi', ' --max-old-space-size=1024'],
  ['1500M', ' --max-old-space-size=953'],
  ['805306368', ' --max-old-space-size=512'],
  ['1E', ''],
])('a container of %s', (memory, limit) => {
  expect(nodeEnvironment(memory).NODE_OPTIONS).toBe(`--max-semi-space-size=4${limit}`)
})
