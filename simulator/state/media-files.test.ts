// What the media host keeps, and what makes room.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { uploadName } from '../media/host.ts'
import { Database } from './database.ts'
import { MediaFiles } from './media-files.ts'

let folder: string
let database: Database
let files: MediaFiles

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-files-'))
  database = new Database(folder)
  files = new MediaFiles(database, 100)
})

afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

const hashOf = (bytes: Buffer): Buffer => Buffer.from(uploadName(bytes), 'base64url')

it('drops the oldest files when all together are too big', () => {
  const [first, second, third] = ['a', 'b', 'c'].map((letter) => Buffer.alloc(40, letter))
  const paths = [first!, second!, third!].map((bytes) => files.add(bytes))
  expect(paths.map((path) => files.download(path))).toEqual([undefined, second, third])
  expect(files.has(hashOf(first!))).toBe(false)
})

it('has one path for one file, until it expires', () => {
  const bytes = Buffer.from('encrypted')
  const path = files.add(bytes)
  expect(files.add(bytes)).toBe(path)
  expect(files.expire(hashOf(bytes))).toBe(true)
  expect(files.download(path)).toBe('expired')
  expect(files.find(hashOf(bytes))).toEqual(bytes)
  const renewed = files.renew(hashOf(bytes))!
  expect([files.download(path), files.download(renewed)]).toEqual([undefined, bytes])
  expect(files.renew(hashOf(Buffer.from('another')))).toBeUndefined()
})
