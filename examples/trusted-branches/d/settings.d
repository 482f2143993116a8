/++
 Settings, read from JSON into the fields of a structure: strictly, so that a mistyped field is refused by its name.

 D's own JSON reader needs D's runtime. This one is made for the fields that these policies have: texts, texts or null,
 lists of texts, whole numbers. Nothing is skipped or nested, so it takes time in proportion to the text, and no stack.
+/
module settings;

import contract : allocate, text;

/// A text that may be null in the settings too.
struct NullableText
{
    const(char)[] value;
    alias value this;
}

/// Fills the fields of `settings` that `json` has; the others keep their defaults. Answers what is wrong, or null.
/// Texts are decoded where they stand in `json`.
const(char)[] readSettings(Settings)(char[] json, ref Settings settings)
{
    auto reader = Reader(json);
    bool[Settings.tupleof.length] seen;
    if (!reader.take('{'))
        return "expected a JSON object, such as `{}`";
    if (!reader.take('}'))
    {
        do
        {
            const(char)[] name;
            if (!reader.read(name) || !reader.take(':'))
                return text("expected a field, as in `{\"name\": value}`, at byte ", reader.at);
            bool known;
            static foreach (index, field; Settings.tupleof)
            {
                if (name == __traits(identifier, field))
                {
                    known = true;
                    if (seen[index])
                        return text("`", name, "`: the field occurs twice");
                    seen[index] = true;
                    if (!reader.read(settings.tupleof[index]) || !reader.valueEnded)
                        return text("`", name, "`: expected ", expected!(typeof(field)), ", at byte ", reader.at);
                }
            }
            if (!known)
                return text("unknown field `", name, "`, expected one of", names!Settings);
        }
        while (reader.take(','));
        reader.take('}'); // All else that a value ends at.
    }
    reader.skipSpace();
    return reader.at == json.length ? null : text("expected nothing after the object, at byte ", reader.at);
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
    else static if (is(Field == uint))
        enum expected = "a whole number from 0 to 4294967295";
}

/// All fields, as an error names them.
private template names(Settings)
{
    enum names = {
        string names;
        foreach (field; __traits(allMembers, Settings))
            names ~= " `" ~ field ~ "`";
        return names;
    }();
}

/// What is left to read. Each `read` and `take` tells whether what it takes was there.
private struct Reader
{
    char[] json;
    size_t at;

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
            if (next < ' ' || (next == '\\' && !readEscape(end)))
                return false;
            if (next != '\\')
                json[end++] = next;
        }
        return false;
    }

    bool read(ref NullableText value)
    {
        skipSpace();
        if (json.length - at < 4 || json[at .. at + 4] != "null")
            return read(value.value);
        at += 4;
        value = NullableText.init;
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
        // JSON has no leading zeros.
        return at - begin == 1 || (at > begin && json[begin] != '0');
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
        return escape == 'u' && readCharacter(end);
    }

    /// Takes the digits after `\u`. A character beyond 16 bits is spelled as two surrogates; half of a pair is none.
    bool readCharacter(ref size_t end)
    {
        uint character;
        if (!readDigits(character) || character >> 10 == 0xdc00 >> 10)
            return false;
        if (character >> 10 == 0xd800 >> 10)
        {
            uint low;
            if (json.length - at < 2 || json[at .. at + 2] != `\u`)
                return false;
            at += 2;
            if (!readDigits(low) || low >> 10 != 0xdc00 >> 10)
                return false;
            character = 0x10000 + ((character & 0x3ff) << 10) + (low & 0x3ff);
        }
        if (character < 0x80)
        {
            json[end++] = cast(char) character;
            return true;
        }
        // UTF-8: the first byte tells how many follow, and each of those carries six bits.
        const following = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
        json[end++] = cast(char)((0xf0 << (3 - following)) | (character >> (6 * following)));
        foreach_reverse (left; 0 .. following)
            json[end++] = cast(char)(0x80 | ((character >> (6 * left)) & 0x3f));
        return true;
    }

    bool readDigits(ref uint number)
    {
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
        return true;
    }
}
