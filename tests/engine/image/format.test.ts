import { describe, expect, it } from 'vitest'
import { identifyContent } from '../../../src/engine/image/format'
import { drawQuarters, mediaFile } from '../../helpers/pictures'

const text = (content: string): Buffer => Buffer.from(content, 'utf8')
const bytes = (content: string): Buffer => Buffer.from(content, 'latin1')

describe('identifyContent', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('recognises %s by what an encoder wrote', async (format) => {
    expect(identifyContent(await drawQuarters(32, 32).toFormat(format).toBuffer())).toEqual({ kind: 'picture', format })
  })

  it.each([
    ['big-endian TIFF', bytes('MM\0*\0\0\0\x08'), { kind: 'picture', format: 'tiff' }],
    ['AVIF inside the generic container', mediaFile('mif1', ['mif1', 'avif']), { kind: 'picture', format: 'avif' }],
    ['HEIC', mediaFile('heic', ['mif1', 'heic']), { kind: 'heic', brand: 'heic' }],
    ['HEIC by a compatible brand', mediaFile('mif1', ['mif1', 'heix']), { kind: 'heic', brand: 'heix' }],
    ['a generic container without brands', mediaFile('mif1'), { kind: 'heic', brand: 'mif1' }],
    ['a film', mediaFile('isom', ['mp42']), { kind: 'other', name: 'a film or another container of type "isom"' }],
    ['a camera raw file', mediaFile('crx '), { kind: 'other', name: 'a camera raw file' }],
    ['SVG', text('\n  <svg xmlns="http://www.w3.org/2000/svg"/>'), { kind: 'other', name: 'an SVG' }],
    ['SVG behind a doctype', text('<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'), { kind: 'other', name: 'an SVG' }],
    ['SVG behind a comment', text('<!-- drawn by hand --><svg/>'), { kind: 'other', name: 'an SVG' }],
    ['SVG in UTF-16', Buffer.from('\ufeff<svg/>', 'utf16le'), { kind: 'other', name: 'an SVG' }],
    ['SVG behind a byte order mark', text('\ufeff<?xml version="1.0"?><svg/>'), { kind: 'other', name: 'an SVG' }],
    ['PDF', text('%PDF-1.7'), { kind: 'other', name: 'a PDF' }],
    ['BMP', bytes('BM\x46\0\0\0'), { kind: 'other', name: 'a BMP picture' }],
    ['plain text', text('holiday notes'), { kind: 'unknown' }],
    ['a web page', text('<!doctype html><title>svg</title>'), { kind: 'unknown' }],
    ['one byte', bytes('\xff'), { kind: 'unknown' }],
    ['nothing', Buffer.alloc(0), { kind: 'unknown' }],
  ])('recognises %s', (_name, content, expected) => {
    expect(identifyContent(content)).toEqual(expected)
  })
})
