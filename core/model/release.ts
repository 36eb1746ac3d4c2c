/** Which release this code is; a test of the chart holds package.json and Chart.yaml to it. */
export const RELEASE = '0.1.0'

/** On a CRD: the release that wrote it. */
export const RELEASE_ANNOTATION = 'berth.dev/release'

/** Negative: `a` came before `b`. Numbers parted by dots, as in 0.12.1; what follows a hyphen does not count. */
export function compareReleases(a: string, b: string): number {
  const numbersOf = (release: string): number[] => release.split('-')[0]!.split('.').map(Number)
  const [left, right] = [numbersOf(a), numbersOf(b)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
