import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashOfInputs } from './inputs.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'berth-inputs-'))
  await mkdir(path.join(root, 'core/node_modules/x'), { recursive: true })
  await writeFile(path.join(root, '.dockerignore'), '# words\n*\n!core\n!package.json\n**/node_modules\n**/*.test.ts\n')
  for (const name of [
    'Dockerfile',
    'package.json',
    'README.md',
    'core/a.ts',
    'core/a.test.ts',
    'core/node_modules/x/y.js',
  ])
    await writeFile(path.join(root, name), name)
})
afterEach(() => rm(root, { recursive: true }))

const change = (name: string) => writeFile(path.join(root, name), 'other')

test.each(['README.md', 'core/a.test.ts', 'core/node_modules/x/y.js'])('%s makes no difference', async (name) => {
  const before = await hashOfInputs(root, [])
  await change(name)
  expect(await hashOfInputs(root, [])).toBe(before)
})

test.each(['Dockerfile', 'package.json', 'core/a.ts', 'core/new.ts'])('%s makes a difference', async (name) => {
  const before = await hashOfInputs(root, [])
  await change(name)
  expect(await hashOfInputs(root, [])).not.toBe(before)
})

test('a file under another name makes a difference, and so does what else is said', async () => {
  const before = await hashOfInputs(root, ['a'])
  expect(await hashOfInputs(root, ['b'])).not.toBe(before)
  await cp(path.join(root, 'core/a.ts'), path.join(root, 'core/b.ts'))
  await rm(path.join(root, 'core/a.ts'))
  expect(await hashOfInputs(root, ['a'])).not.toBe(before)
})

test('without a .dockerignore every file makes a difference', async () => {
  await rm(path.join(root, '.dockerignore'))
  const before = await hashOfInputs(root, [])
  await change('README.md')
  expect(await hashOfInputs(root, [])).not.toBe(before)
})
