/++
 Settings, read from JSON into the fields of a structure. An unknown field and one of another type are refused by name.

 D's own JSON reader needs D's runtime. This one is made for the fields that these policies have: texts, texts or null,
 lists of texts, kinds, whole numbers, true and false. The host hands over an object without duplicate fields or broken
 strings, so nothing here looks for those. Nothing is skipped or nested, so it takes time in proportion to the text, and
 no stack.
+/
module settings;

import contract : allocate, parseKind, text;

/// A text that may be null in the settings too.
struct NullableText
{
    const(char)[] value;
    alias value this;
}

/// Fills the fields of `settings` that `json` has; the others keep their defaults. Answers what is wrong, or null.
/// Texts are decoded where they stand in `json`. A field whose name is a keyword of D ends with an underscore here.
const(char)[] readSettings(Settings)(char[] json, ref Settings settings)
{
    auto reader = Reader(json);
    if (!reader.take('{'))
        return "expected a JSON object, such as `{}`";
    if (reader.take('}'))
        return null;
    do
    {
        const(char)[] name;
        if (!reader.read(name) || !reader.take(':'))
            return text("expected a field, as in `{\"name\": value}`, at byte ", reader.at);
        bool known;
        static foreach (index, field; Settings.tupleof)
        {
            if (name == nameOf!(__traits(identifier, field)))
            {
                known = true;
                const right = reader.read(settings.tupleof[index]) && reader.valueEnded;
                if (reader.noKind !is null)
                    return text("`", name, "`: `", reader.noKind, "` is no kind");
                if (!right)
                    return text("`", name, "`: expected ", expected!(typeof(field)), ", at byte ", reader.at);
            }
        }
        if (!known)
            return text("unknown field `", name, "`, expected one of", names!Settings);
    }
    while (reader.take(','));
    return null;
}

/// The field's name in JSON.
private template nameOf(string identifier)
{
    static if (identifier[$ - 1] == '_')
        enum nameOf = identifier[0 .. $ - 1];
    else
        enum nameOf = identifier;
}

/// What a field of this type holds.
private template expected(Field)
{
    static if (is(Field == NullableText))
        enum expected = "a text or null";
    else static if (is(Field == const(char)[]))
        enum expected = "a text";
    else static if (is(Field == const(char)[][]))
        enum expected = "a list of texts";
    else static if (is(Field == const(uint)[]))
        enum expected = "a list of kinds";
    else static if (is(Field == bool))
        enum expected = "true or false";
    else static if (is(Field == uint))
        enum expected = "a whole number from 0 to 4294967295";
}

/// All fields, as an error names them.
private template names(Settings)
{
    enum names = {
        string names;
        static foreach (field; __traits(allMembers, Settings))
            names ~= " `" ~ nameOf!field ~ "`";
        return names;
    }();
}

/// What is left to read. Each `read` and `take` tells whether what it takes was there.
private struct Reader
{
    char[] json;
    size_t at;
    const(char)[] noKind; /// a text that is no kind, where one was expected

    /// Takes this byte, and white space before it.
    bool take(char wanted)
    {
        skipSpace();
        if (at == json.length || json[at] != wanted)
            return false;
        at++;
        return true;
    }

    void skipSpace()
    {
        while (at < json.length && (json[at] == ' ' || json[at] == '\t' || json[at] == '\n' || json[at] == '\r'))
            at++;
    }

    /// Takes this word, and white space before it.
    bool takeWord(string word)
    {
        skipSpace();
        if (json.length - at < word.length || json[at .. at + word.length] != word)
            return false;
        at += word.length;
        return true;
    }

    /// Whether what was taken is followed by what may follow a value: `1` in `1.5` is not.
    bool valueEnded()
    {
        skipSpace();
        return at < json.length && (json[at] == ',' || json[at] == '}');
    }

    bool read(ref const(char)[] value)
    {
        if (!take('"'))
            return false;
        // Decoded in place: no character is longer than what it is spelled as.
        const begin = at;
        size_t end = at;
        while (at < json.length)
        {
            const next = json[at++];
            if (next == '"')
            {
                value = json[begin .. end];
                return true;
            }
            if (next != '\\')
                json[end++] = next;
            else if (!readEscape(end))
                return false;
        }
        return false;
    }

    bool read(ref NullableText value)
    {
        if (!takeWord("null"))
            return read(value.value);
        value = NullableText.init;
        return true;
    }

    bool read(ref bool value)
    {
        value = takeWord("true");
        return value || takeWord("false");
    }

    bool read(ref const(uint)[] kinds)
    {
        const(char)[][] names;
        if (!read(names))
            return false;
        auto items = allocate!uint(names.length);
        foreach (index, name; names)
        {
            if (!parseKind(name, items[index]))
            {
                noKind = name;
                return false;
            }
        }
        kinds = items;
        return true;
    }

    bool read(ref const(char)[][] values)
    {
        if (!take('['))
            return false;
        // There are at most as many texts as commas, and one.
        size_t most = 1;
        foreach (next; json[at .. $])
            most += next == ',';
        auto items = allocate!(const(char)[])(most);
        size_t count;
        if (!take(']'))
        {
            do
            {
                if (!read(items[count++]))
                    return false;
            }
            while (take(','));
            if (!take(']'))
                return false;
        }
        values = items[0 .. count];
        return true;
    }

    bool read(ref uint value)
    {
        skipSpace();
        const begin = at;
        ulong number;
        for (; at < json.length && json[at] >= '0' && json[at] <= '9'; at++)
        {
            number = number * 10 + (json[at] - '0');
            if (number > uint.max)
                return false;
        }
        value = cast(uint) number;
        return at > begin;
    }

    /// Takes what follows a backslash, and puts what it stands for at `end`.
    bool readEscape(ref size_t end)
    {
        if (at == json.length)
            return false;
        const escape = json[at++];
        foreach (index, known; `"\/bfnrt`)
        {
            if (escape == known)
            {
                json[end++] = "\"\\/\b\f\n\r\t"[index];
                return true;
            }
        }
        return escape == 'u' && readControlCharacter(end);
    }

    /// Takes the digits after `\u`. The host writes control characters so, and every other one as it is.
    bool readControlCharacter(ref size_t end)
    {
        uint number;
        foreach (count; 0 .. 4)
        {
            if (at == json.length)
                return false;
            const digit = json[at++];
            if (digit >= '0' && digit <= '9')
                number = number * 16 + (digit - '0');
            else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
                number = number * 16 + ((digit | 0x20) - 'a' + 10);
            else
                return false;
        }
        json[end++] = cast(char) number;
        return number < 0x80;
    }
}
