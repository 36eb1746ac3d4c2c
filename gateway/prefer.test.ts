import { expect, test } from 'vitest'
import { waitOf } from './prefer.ts'

test.each([
  [undefined, undefined],
  ['wait=5', 5],
  ['respond-async, wait=10', 10],
  ['respond-async; wait="7"', 7],
  ['Wait = 3', 3],
  ['wait=0', 0],
  ['wait=300', 30],
  ['wait=-1', undefined],
  ['wait=soon', undefined],
  ['awaiting=5', undefined],
  [['a', 'wait=2'], 2],
])('%j → %s', (header, seconds) => expect(waitOf(header)).toBe(seconds))
