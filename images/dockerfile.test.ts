/** The Dockerfile lists by hand what a build needs; nothing of it may be forgotten. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { APPS } from './bundle/recipes.ts'

const root = path.join(import.meta.dirname, '..')
const read = (name: string) => readFile(path.join(root, name), 'utf8')

test('it copies the manifest of each workspace before packages are installed, and .dockerignore lets them through', async () => {
  const { workspaces } = JSON.parse(await read('package.json')) as { workspaces: string[] }
  const [dockerfile, ignored] = await Promise.all([read('Dockerfile'), read('.dockerignore')])
  const rules = ignored.split('\n')
  for (const name of workspaces) {
    expect(dockerfile).toContain(`COPY ${name}/package.json ${name}/\n`)
    expect(rules.includes(`!${name}`) || rules.includes(`!${name}/package.json`), name).toBe(true)
  }
})

test('it has a stage for each image', async () => {
  const dockerfile = await read('Dockerfile')
  for (const app of APPS) {
    expect(dockerfile).toContain(`FROM runtime AS ${app}\nCOPY --from=${app}-app /app /app\n`)
  }
})
