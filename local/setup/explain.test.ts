import { describe, expect, it } from 'vitest'
// @ts-expect-error plain JavaScript: it has to run before anything is installed
import { explain } from './explain.mjs'

const env = { npm_config_registry: 'https://registry.example.com/' }
const meaning = (output: string): string => explain(output, { clone: '/clone', env })

describe('explain', () => {
  it('names the registry that is not reachable, and how to use another', () => {
    const said = meaning('npm error code ECONNREFUSED\nnpm error FetchError: request to http://127.0.0.1:9/x failed')
    expect(said).toContain("The npm registry https://registry.example.com/ can't be reached (ECONNREFUSED)")
    expect(said).toContain('npm_config_registry=')
    expect(said).toContain('HTTPS_PROXY=')
    expect(said).toContain('FetchError')
  })

  it('takes the registry from what npm said when nobody set it', () => {
    const said = explain('npm error code ENOTFOUND\nnpm error request to https://npm.local/pg failed', {
      clone: '/c',
      env: {},
    })
    expect(said).toContain('The npm registry https://npm.local/ ')
  })

  it.each([
    ['npm error code ENOSPC', 'The disk is full'],
    ['npm error code EACCES', '/clone/node_modules'],
    ['npm error code EINTEGRITY', 'npm cache clean'],
    ['npm error code E401', 'npm login'],
    ['npm error code UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
  ])('%s', (output, part) => expect(meaning(output)).toContain(part))

  it('shows what npm said when it knows no more', () => {
    expect(meaning('npm error something new')).toContain('something new')
    expect(meaning('a bare line')).toContain('a bare line')
  })
})
