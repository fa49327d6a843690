/** Checks archives against the JSON schemas that ship in Comet's Python client; prints what is wrong, by archive and line, and how many messages it looked at. */
export const CHECK_SCHEMAS = `
import json, os, zipfile
import comet_ml.schemas
from jsonschema import Draft7Validator

FOLDER = os.path.join(os.path.dirname(comet_ml.__file__), "schemas")
NAMES = {"htmlOverride": "html-override"}

def validator(name):
    return Draft7Validator(json.load(open(os.path.join(FOLDER, "offline-%s.schema.json" % name))))

def schema_of(type):
    name = NAMES.get(type, type.replace("_msg", "").replace("_", "-"))
    return validator(name + "-msg")

cache, wrong, count = {}, [], 0
experiment = validator("experiment")
for name in sorted(os.listdir(os.environ["ARCHIVES"])):
    if not name.endswith(".zip"):
        continue
    archive = zipfile.ZipFile(os.path.join(os.environ["ARCHIVES"], name))
    assert archive.testzip() is None
    wrong += ["%s: %s" % (name, e.message) for e in experiment.iter_errors(json.loads(archive.read("experiment.json")))]
    for number, line in enumerate(archive.read("messages.json").decode("utf-8").splitlines()):
        message = json.loads(line)
        type = message["type"]
        if type not in cache:
            cache[type] = schema_of(type)
        wrong += ["%s %d %s: %s" % (name, number + 1, type, e.message) for e in cache[type].iter_errors(message["payload"])]
        count += 1
print(json.dumps({"wrong": wrong, "count": count, "types": sorted(cache)}))
`;
