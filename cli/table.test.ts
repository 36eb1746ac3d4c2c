import type { Table } from '@berth/core/kube/table.ts'
import { expect, test } from 'vitest'
import { columnsOf, TextTable } from './table.ts'

test('columns are as wide as they need, and nothing trails', () => {
  const text = new TextTable(['Name', 'State', 'Age']).render([
    ['support', 'Connected', '3s'],
    ['a', null, undefined],
  ])
  expect(text).toBe(['NAME      STATE       AGE', 'support   Connected   3s', 'a'].join('\n'))
})

test('later rows stay below their headings, until one is wider', () => {
  const table = new TextTable(['Name', 'Age'])
  table.render([['support', '3s']])
  expect(table.lines([['a', '4s']])).toEqual(['a         4s'])
  expect(table.lines([['much-longer', '5s']])).toEqual(['much-longer   5s'])
  expect(table.lines([['a', '6s']])).toEqual(['a             6s'])
})

test('a cell can neither break the line nor command the terminal', () => {
  const [line] = new TextTable(['Message']).lines([['one\ntwo\u001b[31m\u009bred']])
  expect(line).toBe('one two [31m red')
})

test('columns of lower priority are for wide tables', () => {
  const table: Table = {
    metadata: { resourceVersion: '1' },
    columnDefinitions: [
      { name: 'Name', type: 'string', priority: 0 },
      { name: 'Message', type: 'string', priority: 1 },
      { name: 'Age', type: 'string', priority: 0 },
    ],
    rows: [],
  }
  const row = { cells: ['a', 'why', '3s'], object: { metadata: { name: 'a' } } }
  const narrow = columnsOf(table, false)
  expect([narrow.headings, narrow.cellsOf(row)]).toEqual([
    ['Name', 'Age'],
    ['a', '3s'],
  ])
  expect(columnsOf(table, true).cellsOf(row)).toEqual(['a', 'why', '3s'])
})
