import { describe, expect, it } from 'vitest'
import { classFolders, firstOfEachClass } from '../../../src/engine/inference'

const images = ['top.jpg', 'cat/1.jpg', 'dog/1.jpg', 'more/cat/2.jpg', 'cat/3.jpg'].map((relativePath) => ({ relativePath }))

describe('class folders', () => {
  it('are the parents of pictures, whatever lies above them; a picture directly in the opened folder has none', () => {
    expect(classFolders(images)).toEqual({ classes: ['cat', 'dog'], labels: Int32Array.from([-1, 0, 1, 0, 0]) })
  })

  it('give their first pictures', () => {
    expect(firstOfEachClass(images, 2).map(({ relativePath }) => relativePath)).toEqual(['cat/1.jpg', 'dog/1.jpg', 'more/cat/2.jpg'])
  })
})
