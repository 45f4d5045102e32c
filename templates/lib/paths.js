// Reading values out of JSON, and putting extracted values into texts.

/**
 * The value at a path such as `data[0].id` (a leading `$.` is allowed), else undefined.
 * `length` of an array or text can be asked for like a key. @param {any} value @param {string} path
 */
export function pick(value, path) {
  const keys = path.replace(/^\$\.?/, '').replace(/\[(-?\d+)\]/g, '.$1').split('.').filter(Boolean);
  let current = value;
  for (const key of keys) {
    if (current === null || current === undefined) return undefined;
    const index = Number(key);
    current = Array.isArray(current) && Number.isInteger(index) && index < 0
      ? current[current.length + index]
      : current[key];
  }
  return current;
}

/**
 * Replaces `${name}` and `${name:-fallback}` in every text of a value: extracted values first,
 * then the environment. A text that is nothing but one `${name}` keeps the value's own type;
 * `$${name}` is the text `${name}` itself.
 * @param {any} value @param {Object<string, any>} variables
 */
export function fill(value, variables) {
  if (typeof value === 'string') return fillText(value, variables);
  if (Array.isArray(value)) return value.map((entry) => fill(entry, variables));
  if (value && typeof value === 'object') {
    const filled = {};
    for (const key in value) filled[key] = fill(value[key], variables);
    return filled;
  }
  return value;
}

/** The fixed name of a request: its path without query, ids as `{name}`. @param {string} method @param {string} path */
export function nameOf(method, path) {
  return `${method} ${path.split('?')[0].replace(/\$\{(\w+)[^}]*\}/g, '{$1}')}`;
}

const REFERENCE = /(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;
const WHOLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/;

function fillText(value, variables) {
  if (!value.includes('${')) return value;
  const whole = WHOLE.exec(value);
  if (whole) return lookUp(whole[1], whole[2], variables);
  return value.replace(REFERENCE, (text, escaped, name, fallback) => {
    if (escaped) return text.slice(1);
    const found = lookUp(name, fallback, variables);
    return typeof found === 'object' ? JSON.stringify(found) : String(found);
  });
}

function lookUp(name, fallback, variables) {
  if (variables[name] !== undefined) return variables[name];
  const set = __ENV[name];
  if (set !== undefined && set !== '') return set;
  if (fallback !== undefined) return fallback;
  throw new Error(`\${${name}} has no value: no earlier step extracts it and the environment has none`);
}
