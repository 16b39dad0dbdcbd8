/** Multi-regions and dual-regions of Cloud Storage, with the beginning of the regions in them. */
const CONTINENTS: readonly (readonly [RegExp, RegExp])[] = [
  [/^ASIA1?$/, /^asia-/],
  [/^EU(R\d)?$/, /^europe-/],
  [/^(US|NAM4)$/, /^us-/],
];

/**
 * Tells whether a bucket's data is read within a region.
 *
 * @param location region, dual-region or multi-region of the bucket, in lower or upper case
 */
export function isNear(location: string, region: string): boolean {
  const upper = location.toUpperCase();
  if (upper === region.toUpperCase()) return true;
  return CONTINENTS.some(([locations, regions]) => locations.test(upper) && regions.test(region));
}
