// The kind of server that the target is: what differs between servers, as data.

/**
 * The flavour in use. @param {Object<string, any>} flavours @param {{flavour: string}} settings
 * @param {string[]} [needs] its parts that the scenario can't do without
 */
export function chooseFlavour(flavours, { flavour: name }, needs = []) {
  const flavour = flavours[name];
  if (!flavour) throw new Error(`FLAVOUR must be one of ${Object.keys(flavours).join(', ')}, not "${name}"`);
  const missing = needs.filter((part) => !flavour[part]);
  if (missing.length) throw new Error(`Flavour ${name} has no ${missing.join(', no ')}, which this scenario needs`);
  return flavour;
}
