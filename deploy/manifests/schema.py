"""Holds objects against the models of the Kubernetes client: unknown fields, missing ones and wrong types are errors."""

import re
import sys

import kubernetes.client
import yaml

# cert-manager's objects are not the API server's own.
FOREIGN = {"cert-manager.io"}


def model_name(api_version, kind):
    group, _, version = api_version.rpartition("/")
    if group in FOREIGN:
        return None
    prefix = version[0].upper() + version[1:]
    return "CoreV1Event" if kind == "Event" and not group else prefix + kind


def faults(value, kind, path):
    """Yields what is wrong with a value of a type, which is named as the models name it."""
    if value is None:
        return
    if inner := re.fullmatch(r"[lL]ist\[(.+)\]", kind):
        if not isinstance(value, list):
            yield f"{path}: a list is expected"
            return
        for index, item in enumerate(value):
            yield from faults(item, inner[1], f"{path}[{index}]")
    elif inner := re.fullmatch(r"[dD]ict[(\[]str, (.+)[)\]]", kind):
        if not isinstance(value, dict):
            yield f"{path}: a map is expected"
            return
        for key, item in value.items():
            yield from faults(item, inner[1], f"{path}.{key}")
    elif kind in ("str", "int", "bool", "float", "object", "datetime"):
        types = {"str": str, "int": int, "bool": bool, "float": (int, float)}
        # A port, a percentage or an amount may be a number or a text.
        if kind in types and not isinstance(value, types[kind]) and not isinstance(value, (int, str)):
            yield f"{path}: {kind} is expected"
        if kind == "bool" and not isinstance(value, bool):
            yield f"{path}: true or false is expected"
        if kind == "int" and (not isinstance(value, int) or isinstance(value, bool)):
            yield f"{path}: a number is expected"
        if kind == "str" and not isinstance(value, str):
            yield f"{path}: a text is expected"
    else:
        model = getattr(kubernetes.client, kind)
        if not isinstance(value, dict):
            yield f"{path}: a map is expected"
            return
        names = {json_name: name for name, json_name in model.attribute_map.items()}
        for key, item in value.items():
            if key not in names:
                yield f"{path}.{key}: there is no such field"
            else:
                yield from faults(item, model.openapi_types[names[key]], f"{path}.{key}")
        try:
            model(**{names[key]: item for key, item in value.items() if key in names})
        except ValueError as error:
            yield f"{path}: {error}"


def main():
    with open(sys.argv[-1], encoding="utf-8") as file:
        objects = [item for item in yaml.safe_load_all(file) if item]
    found = []
    for item in objects:
        name = model_name(item["apiVersion"], item["kind"])
        if name is None:
            continue
        found += list(faults(item, name, f"{item['kind']} {item['metadata']['name']}"))
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
