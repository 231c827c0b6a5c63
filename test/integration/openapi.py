"""Answers against an OpenAPI (Swagger 2.0) document: which statuses an operation may have, and what their bodies look like."""
import json
import re

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
KNOWN = {"type", "format", "enum", "required", "properties", "additionalProperties", "items", "allOf", "minItems", "$ref",
         "default", "description"}


class Document:
    def __init__(self, path):
        import yaml  # python3-yaml, of deploy/packages.txt
        with open(path, encoding="utf-8") as text:
            self.root = yaml.safe_load(text)

    def resolve(self, node):
        while "$ref" in node:
            at = self.root
            for name in node["$ref"].removeprefix("#/").split("/"):
                at = at[name]
            node = at
        return node

    def operations(self):
        """(method, path, operation) of the whole document."""
        return [(method.upper(), path, operation) for path, item in self.root["paths"].items()
                for method, operation in item.items() if method != "parameters"]

    def query_parameters(self, operation):
        found = [self.resolve(parameter) for parameter in operation.get("parameters", [])]
        return [parameter for parameter in found if parameter["in"] == "query"]

    def check_answer(self, operation, status, kind, text):
        """Raises AssertionError where the answer is not what the operation declares."""
        assert str(status) in operation["responses"], f"status {status} is not declared: {text[:300]}"
        response = self.resolve(operation["responses"][str(status)])
        if "schema" not in response:
            assert text == "", f"a body where none is declared: {text[:300]}"
            return
        assert kind == "application/json", kind
        self.check(json.loads(text), response["schema"], "body")

    def check(self, value, schema, where):
        schema = self.resolve(schema)
        unknown = set(schema) - KNOWN
        assert not unknown, f"{where}: this reader of schemas does not know {unknown}"
        for part in schema.get("allOf", []):
            self.check(value, part, where)
        if "type" in schema:
            assert type(value) is TYPES[schema["type"]], f"{where}: {value!r} is no {schema['type']}"
        if "enum" in schema:
            assert value in schema["enum"], f"{where}: {value!r} is none of {schema['enum']}"
        if schema.get("format") == "date-time":
            assert DATE_TIME.match(value), f"{where}: {value!r} is no date-time"
        if schema.get("format") == "uuid":
            assert UUID.match(value), f"{where}: {value!r} is no uuid"
        if isinstance(value, list):
            assert len(value) >= schema.get("minItems", 0), f"{where}: too few items"
            for index, item in enumerate(value):
                self.check(item, schema["items"], f"{where}[{index}]")
        if isinstance(value, dict):
            for name in schema.get("required", []):
                assert name in value, f"{where}: {name} is missing"
            for name, item in value.items():
                if name in schema.get("properties", {}):
                    self.check(item, schema["properties"][name], f"{where}.{name}")
                elif "additionalProperties" in schema:
                    self.check(item, schema["additionalProperties"], f"{where}.{name}")

    def names(self, schema):
        """All properties that an object of the schema may have."""
        schema = self.resolve(schema)
        out = set(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            out |= self.names(part)
        return out
