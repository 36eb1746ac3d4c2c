import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Database } from './database.ts'

let folder: string
let database: Database

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-database-'))
  database = new Database(folder)
})

afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

/** As another process sees it: committed rows only. */
const committed = () => {
  const other = new DatabaseSync(join(folder, 'simulator.db'), { readOnly: true })
  const names = other.prepare('SELECT name FROM setting ORDER BY name').all()
  other.close()
  return names.map((row) => row.name)
}
const put = (name: string) => database.run('INSERT INTO setting (name, value) VALUES (?, ?)', name, Buffer.from('x'))

it('tells only after the commit, in order', async () => {
  const told: string[] = []
  put('a')
  database.whenDurable(() => told.push(`a ${committed()}`))
  put('b')
  database.whenDurable(() => told.push(`b ${committed()}`))
  expect([committed(), told]).toEqual([[], []])
  await database.durable()
  expect(told).toEqual(['a a,b', 'b a,b'])
})

it('takes back all of a change that failed, and nothing of the others', async () => {
  const told: string[] = []
  put('a')
  const change = () => {
    put('b')
    database.whenDurable(() => told.push('b'))
    throw new Error('no')
  }
  expect(() => database.change(change)).toThrow('no')
  await database.durable()
  expect([committed(), told]).toEqual([['a'], []])
})

it('adds the columns that a file of an earlier day lacks', () => {
  database.close()
  const earlier = new DatabaseSync(join(folder, 'simulator.db'))
  earlier.exec('DROP INDEX message_target; ALTER TABLE message DROP COLUMN target')
  earlier.close()
  database = new Database(folder)
  expect(database.all('SELECT target FROM message')).toEqual([])
})
