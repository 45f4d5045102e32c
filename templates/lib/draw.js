// Numbers that look random and are the same in every run: a function of a seed and an index.

/** A number in [0, 1). @param {number} seed @param {number} index @param {number} [salt] */
export function draw(seed, index, salt = 0) {
  let a = (Math.imul(seed >>> 0, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b) ^ Math.imul(salt + 1, 0xc2b2ae35)) >>> 0;
  // Mulberry32, twice, so that neighbouring indexes have nothing in common.
  for (let turn = 0; turn < 2; turn += 1) {
    a = (a + 0x6d2b79f5) >>> 0;
    a = Math.imul(a ^ (a >>> 15), a | 1);
    a = (a ^ (a + Math.imul(a ^ (a >>> 7), a | 61))) >>> 0;
    a = (a ^ (a >>> 14)) >>> 0;
  }
  return a / 4294967296;
}

/** A small number that stands for a text. @param {string} text */
export function salt(text) {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) >>> 0;
  return hash;
}
