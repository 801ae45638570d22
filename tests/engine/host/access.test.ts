/** @file A server started for one folder opens nothing outside it, whatever the path looks like. */
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isInside, requireAccess } from '../../../src/engine/host/access'
import { temporaryFolder } from '../../helpers/folders'

describe('isInside', () => {
  it.each([
    ['/data/imgs', '/data/imgs', true],
    ['/data/imgs', '/data/imgs/a/b', true],
    ['/data/imgs', '/data/imgs/..hidden', true],
    ['/data/imgs', '/data/imgs-secret', false],
    ['/data/imgs', '/data', false],
    ['/data/imgs', '/', false],
    ['/', '/anything', true],
  ])('%s holds %s: %s', (root, path, expected) => {
    expect(isInside(root, path)).toBe(expected)
  })
})

describe('requireAccess', () => {
  it('judges where a path leads, not how it is written', async () => {
    const folder = await temporaryFolder({ 'imgs/a/x.jpg': '', 'imgs-secret/y.jpg': '', 'outside.jpg': '' })
    const root = join(folder, 'imgs')
    await symlink(join(folder, 'imgs-secret'), join(root, 'link'))
    await symlink(join(root, 'a'), join(folder, 'way-in'))
    const outcomes = await Promise.all(
      [root, join(root, 'a', 'x.jpg'), join(folder, 'way-in', 'x.jpg'), join(root, '..', 'imgs', 'a'), join(root, 'link'), join(root, 'link', 'y.jpg'), join(root, '..', 'outside.jpg'), `${root}-secret`, '/', join(root, 'missing')].map((path) =>
        requireAccess(root, path).then(
          () => 'allowed',
          (error: unknown) => (error as { code: string }).code,
        ),
      ),
    )
    expect(outcomes).toEqual(['allowed', 'allowed', 'allowed', 'allowed', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'SOURCE_UNAVAILABLE'])
  })

  it('allows everything where there is no root', async () => {
    await expect(requireAccess(undefined, '/anything/at/all')).resolves.toBeUndefined()
  })
})
