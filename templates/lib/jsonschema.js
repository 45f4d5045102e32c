// JSON Schema as far as structured output uses it: types, properties, items, bounds, combinations,
// and references within the schema. Keywords that aren't known say nothing, as the standard wants.

const TYPES = {
  array: (value) => Array.isArray(value),
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value),
  null: (value) => value === null,
  number: (value) => typeof value === 'number',
  object: (value) => isObject(value),
  string: (value) => typeof value === 'string',
};

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const has = (object, key) => Object.prototype.hasOwnProperty.call(object, key);

/** Each keyword's test; `true` for a value of another type, which the keyword says nothing about. */
const KEYWORDS = {
  type: (value, wanted) => [].concat(wanted).some((name) => has(TYPES, name) && TYPES[name](value)),
  enum: (value, wanted) => wanted.some((entry) => equal(entry, value)),
  const: (value, wanted) => equal(wanted, value),
  properties: (value, wanted, root) => !isObject(value)
    || Object.entries(wanted).every(([key, inner]) => !has(value, key) || conforms(value[key], inner, root)),
  required: (value, wanted) => !isObject(value) || wanted.every((key) => has(value, key)),
  additionalProperties: (value, wanted, root, schema) => !isObject(value)
    || Object.keys(value).filter((key) => !has(schema.properties || {}, key))
      .every((key) => conforms(value[key], wanted, root)),
  minProperties: (value, wanted) => !isObject(value) || Object.keys(value).length >= wanted,
  maxProperties: (value, wanted) => !isObject(value) || Object.keys(value).length <= wanted,
  items: (value, wanted, root) => !Array.isArray(value) || value.every((entry) => conforms(entry, wanted, root)),
  minItems: (value, wanted) => !Array.isArray(value) || value.length >= wanted,
  maxItems: (value, wanted) => !Array.isArray(value) || value.length <= wanted,
  uniqueItems: (value, wanted) => !wanted || !Array.isArray(value)
    || new Set(value.map((entry) => JSON.stringify(entry))).size === value.length,
  minLength: (value, wanted) => typeof value !== 'string' || [...value].length >= wanted,
  maxLength: (value, wanted) => typeof value !== 'string' || [...value].length <= wanted,
  pattern: (value, wanted) => typeof value !== 'string' || new RegExp(wanted).test(value),
  minimum: (value, wanted) => typeof value !== 'number' || value >= wanted,
  maximum: (value, wanted) => typeof value !== 'number' || value <= wanted,
  exclusiveMinimum: (value, wanted) => typeof value !== 'number' || value > wanted,
  exclusiveMaximum: (value, wanted) => typeof value !== 'number' || value < wanted,
  multipleOf: (value, wanted) => typeof value !== 'number' || Math.abs(value / wanted - Math.round(value / wanted)) < 1e-9,
  allOf: (value, wanted, root) => wanted.every((inner) => conforms(value, inner, root)),
  anyOf: (value, wanted, root) => wanted.some((inner) => conforms(value, inner, root)),
  oneOf: (value, wanted, root) => wanted.filter((inner) => conforms(value, inner, root)).length === 1,
  not: (value, wanted, root) => !conforms(value, wanted, root),
  $ref: (value, wanted, root) => conforms(value, resolve(root, wanted), root),
};

function resolve(root, reference) {
  if (!reference.startsWith('#')) throw new Error(`the schema refers to ${reference}: only references within it work`);
  return reference.slice(1).split('/').filter(Boolean)
    .reduce((schema, key) => schema[decodeURIComponent(key).replace(/~1/g, '/').replace(/~0/g, '~')], root);
}

/** Whether a value is as a schema says. @param {any} value @param {any} schema @param {any} [root] @returns {boolean} */
export function conforms(value, schema, root = schema) {
  if (typeof schema === 'boolean') return schema;
  return Object.entries(schema).every(([keyword, wanted]) => (
    !has(KEYWORDS, keyword) || KEYWORDS[keyword](value, wanted, root, schema)
  ));
}
