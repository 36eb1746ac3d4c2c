import { expect, it } from 'vitest'
import { progressLine } from './build.ts'
import { type BinaryName, cacheKey, RECIPES, recipeOf, requiredVersion, versionOf } from './catalogue.ts'

const names = Object.keys(RECIPES) as BinaryName[]

it('reads versions where go.mod has them: in a block, on a line of their own, with a comment', () => {
  const goMod = 'module x\n\nrequire a.b/c v1.2.3\n\nrequire (\n\ta.b/cd v0.1.0 // indirect\n)\n'
  expect(requiredVersion(goMod, 'a.b/c')).toBe('v1.2.3')
  expect(requiredVersion(goMod, 'a.b/cd')).toBe('v0.1.0')
  expect(() => requiredVersion(goMod, 'a.b')).toThrow('does not require a.b')
})

it.each(names)('%s has a version, where it is not our own', (name) => {
  const recipe = recipeOf(name)
  if (recipe.module) expect(versionOf(recipe)).toMatch(/^v\d+\.\d+\.\d+$/)
  expect(cacheKey(name)).toMatch(recipe.module ? /^[a-z-]+-\d+\.\d+\.\d+-[0-9a-f]{8}$/ : /^[a-z]+-[0-9a-f]{8}$/)
})

it('tells Kubernetes its version', () => {
  expect(recipeOf('kubelet').versionVariables!('v1.36.3')).toEqual({
    'k8s.io/component-base/version.gitVersion': 'v1.36.3',
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': '36',
  })
})

it('says what is being built and how long the rest takes', () => {
  expect(progressLine(['etcd', 'kube-apiserver'], 0)).toBe(
    'building etcd (1 of 2; about 3 minutes to go, once per version)',
  )
  expect(progressLine(['kube-apiserver', 'pause'], 1)).toBe(
    'building pause (2 of 2; about 1 second to go, once per version)',
  )
})
