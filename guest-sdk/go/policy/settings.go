package policy

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// readSettings reads a JSON object into the exported fields of a policy. Any error is a SettingsRefusal that names the
// field.
//
// The host hands over an object without duplicate fields or broken strings. encoding/json does the reading, but takes
// LABEL for label and null for "as it was": both would leave a mistake of the operator unseen, so checkNames looks first.
func readSettings(text string, policy Policy) error {
	if text == "" {
		text = "{}"
	}
	var settings map[string]any
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return SettingsRefusal(err.Error())
	}
	var fields any = policy
	if reflect.TypeOf(policy).Kind() != reflect.Pointer {
		fields = &struct{}{} // nothing can be set in a copy
	}
	if err := checkObject(settings, reflect.TypeOf(fields).Elem(), ""); err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(fields)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return misfit(mismatch.Field, mismatch.Type, mismatch.Value)
	}
	if err != nil {
		return SettingsRefusal(err.Error())
	}
	return nil
}

// checkNames finds a null where the Go type has none, and a name that is not spelled like the field's. A value of
// another type than the field's is left to encoding/json.
func checkNames(value any, wanted reflect.Type, path string) error {
	if reflect.PointerTo(wanted).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	if value == nil {
		if wanted.Kind() == reflect.Pointer || wanted.Kind() == reflect.Interface {
			return nil
		}
		return misfit(path, wanted, "null")
	}
	switch wanted.Kind() {
	case reflect.Pointer:
		return checkNames(value, wanted.Elem(), path)
	case reflect.Slice, reflect.Array:
		list, _ := value.([]any)
		for index, element := range list {
			if err := checkNames(element, wanted.Elem(), fmt.Sprintf("%s[%d]", path, index)); err != nil {
				return err
			}
		}
	case reflect.Struct, reflect.Map:
		object, _ := value.(map[string]any)
		return checkObject(object, wanted, path)
	}
	return nil
}

func checkObject(object map[string]any, wanted reflect.Type, path string) error {
	if path != "" {
		path += "."
	}
	var known map[string]reflect.Type
	if wanted.Kind() == reflect.Struct {
		known = fieldsOf(wanted)
	}
	// In order, so that of two mistakes the same one is reported each time.
	for _, name := range slices.Sorted(maps.Keys(object)) {
		field := path + name
		element, found := known[name]
		if wanted.Kind() == reflect.Map {
			element, found = wanted.Elem(), true
		}
		if !found && len(known) == 0 {
			return SettingsRefusal(fmt.Sprintf("unknown field `%s`: there is nothing to set", field))
		}
		if !found {
			names := strings.Join(slices.Sorted(maps.Keys(known)), "`, `")
			return SettingsRefusal(fmt.Sprintf("unknown field `%s`, expected one of `%s`", field, names))
		}
		if err := checkNames(object[name], element, field); err != nil {
			return err
		}
	}
	return nil
}

// fieldsOf has the type of each field that encoding/json sets, by its name in JSON.
func fieldsOf(structure reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(structure) {
		tag := field.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if !field.IsExported() || tag == "-" || (field.Anonymous && name == "") {
			continue
		}
		if name == "" {
			name = field.Name
		}
		fields[name] = field.Type
	}
	return fields
}

// misfit says what was expected in terms of JSON, for an operator who does not know Go.
func misfit(path string, wanted reflect.Type, found string) error {
	return SettingsRefusal(fmt.Sprintf("`%s`: expected %s, found %s", path, expected(wanted), found))
}

func expected(wanted reflect.Type) string {
	if reflect.PointerTo(wanted).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "a string"
	}
	switch wanted.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		highest := int64(1)<<(wanted.Bits()-1) - 1
		return fmt.Sprintf("a whole number from %d to %d", -highest-1, highest)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return fmt.Sprintf("a whole number from 0 to %d", ^uint64(0)>>(64-wanted.Bits()))
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "a list"
	default:
		return "an object"
	}
}
