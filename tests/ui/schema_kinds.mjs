// Reads schemas by type from stdin; writes the kind of each field, and what each mode shows, as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const kinds = await import(pathToFileURL(process.argv[2]));
const told = {};

// Every field of a schema, those inside lists, maps and objects as well.
function walk(schema, root, config, place, found) {
  for (const field of kinds.fieldsOf(schema, config, root, true)) {
    const here = `${place}${field.name}`;
    found[here] = field.kind;
    const core = kinds.core(field.schema, root);
    const below = field.kind === "list" ? core.items : field.kind === "map" ? core.additionalProperties : null;
    if (!below) continue;
    const inner = kinds.resolve(below, root);
    found[`${here}.*`] = kinds.kindOf(inner, root);
    if (found[`${here}.*`] === "group") walk(inner, root, {}, `${here}.*.`, found);
  }
}

for (const [type, schema] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const union = kinds.variantsOf(schema, schema);
  const configs = union ? union.variants.map(({ value }) => ({ [union.tag]: value })) : [{}];
  told[type] = configs.map((config) => {
    const fields = {};
    walk(schema, schema, config, "", fields);
    return { config, fields, key: kinds.keyField(schema, { config })?.name ?? null };
  });
}
process.stdout.write(JSON.stringify({ kinds: kinds.KINDS, types: told }));
