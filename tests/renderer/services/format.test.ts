/** @file Numbers as the interface writes them. */
import { describe, expect, it } from 'vitest'
import {
  formatBytes, formatCount, formatDuration, formatMetres, formatParameters, formatPercent, formatQuantity, formatRate, formatTimeLeft, formatValue, shortNumber,
} from '../../../src/renderer/services/format'

describe('numbers', () => {
  it.each<readonly [string, string]>([
    [formatCount(12_000), '12,000'],
    [formatQuantity(1, 'image'), '1 image'],
    [formatQuantity(0, 'image'), '0 images'],
    [shortNumber(0), '0'],
    [shortNumber(8), '8'],
    [shortNumber(0.1 + 0.2), '0.3'],
    [shortNumber(-0.025), '-0.025'],
    [shortNumber(12_000), '12k'],
    [shortNumber(2_500_000), '2.5M'],
    [shortNumber(0.0002), '2e-4'],
    [formatTimeLeft(59_400), '59 s'],
    [formatTimeLeft(3_235_000), '54 min'],
    [formatBytes(0), '0 B'],
    [formatBytes(999), '999 B'],
    [formatBytes(999.6), '1.0 kB'],
    [formatBytes(4_160_000), '4.2 MB'],
    [formatBytes(343_000_000), '343 MB'],
    [formatMetres(2.345), '2.35 m'],
    [formatMetres(0), '0.00 m'],
    [formatDuration(340.4), '340 ms'],
    [formatDuration(12_400), '12 s'],
    [formatDuration(180_000), '3 min'],
    [formatDuration(200_000), '3 min 20 s'],
    [formatDuration(7_500_000), '2 h 5 min'],
    [formatRate(0.4219), '0.42'],
    [formatRate(26.13), '26.1'],
    [formatRate(180.4), '180'],
    [formatParameters(5_526_000), '5.5 M'],
    [formatParameters(1_136_480_768), '1.14 B'],
    [formatPercent(0.427), '43 %'],
    [formatPercent(0.4271, 1), '42.7 %'],
    [formatValue(0), '0'],
    [formatValue(0.00002), '2.00e-5'],
    [formatValue(0.00219), '0.00219'],
    [formatValue(-0.5), '-0.5000'],
    [formatValue(12.3456), '12.346'],
  ])('writes %s', (written, expected) => {
    expect(written).toBe(expected)
  })
})
