import { expect, test } from 'vitest'
import { getCondition, isTrue, setCondition } from './conditions.ts'

const FIRST = new Date('2026-11-21T09:00:00.123Z')
const SECOND = new Date('2026-11-21T09:05:00Z')
const ready = (status: 'True' | 'False', reason: string) => ({ type: 'Ready', status, reason, message: reason })

test('the time of transition changes with the status only', () => {
  const one = setCondition(undefined, ready('False', 'Starting'), FIRST)
  expect(one).toEqual([{ ...ready('False', 'Starting'), lastTransitionTime: '2026-11-21T09:00:00Z' }])
  const two = setCondition(one, ready('False', 'NoCapacity'), SECOND)
  expect(getCondition(two, 'Ready')).toMatchObject({ reason: 'NoCapacity', lastTransitionTime: '2026-11-21T09:00:00Z' })
  const three = setCondition(two, ready('True', 'Running'), SECOND)
  expect(getCondition(three, 'Ready')?.lastTransitionTime).toBe('2026-11-21T09:05:00Z')
  expect(isTrue(three, 'Ready')).toBe(true)
  expect(isTrue(two, 'Ready')).toBe(false)
  expect(isTrue(undefined, 'Ready')).toBe(false)
})

test('a list that says the same already is returned as it is; others are left alone', () => {
  const list = setCondition(undefined, ready('True', 'Running'), FIRST)
  expect(setCondition(list, ready('True', 'Running'), SECOND)).toBe(list)
  const more = setCondition(list, { ...ready('True', 'Linked'), type: 'Linked', observedGeneration: 2 }, SECOND)
  expect(more.map((c) => c.type)).toEqual(['Ready', 'Linked'])
  expect(more[0]).toBe(list[0])
  expect(list).toHaveLength(1)
})
