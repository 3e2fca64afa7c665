"""``toxmeter recipes``: what is shipped, what it says, whether one is right, and what may be written.

The work is done in ``toxmeter.recipe``; this module only shows it. Nothing is trained and no data are read.
"""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toxmeter.cli.terminal import printable, table, width
from toxmeter.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from toxmeter.recipe import Recipe
    from toxmeter.recipe.describe import TableDoc

__all__ = ["HELP", "app", "overview"]

HELP = """
Show, copy and check recipes: the TOML files that toxmeter train works by.

\b
  toxmeter recipes list                            what is shipped
  toxmeter recipes show sst2                       a recipe with its comments
  toxmeter recipes copy sst2 mine.toml             a copy to change
  toxmeter recipes check mine.toml                 all its mistakes, or what it would do
  toxmeter recipes fields train                    what may stand in [train]
"""

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A shipped recipe, or a TOML file.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Set a field, train.lr=3e-5; may be given again and again."),
]


@app.command("list", short_help="List the shipped recipes.")
def list_() -> None:
    """List the shipped recipes, with their labels, the model they start from and what they reproduce."""
    typer.echo("\n".join(table(overview())))


@app.command("show", short_help="Print a recipe.")
def show(
    name: Name,
    filled: Annotated[bool, typer.Option("--filled", help="Print every field, defaults filled in.")] = False,
    overrides: Overrides = None,
) -> None:
    """Print a recipe: as it is written, with its comments, or with every default filled in.

    --set changes fields first, and fills in the defaults as well.
    """
    from toxmeter.recipe import read_recipe, recipe_text, to_toml

    text = to_toml(read_recipe(name, overrides or ())) if filled or overrides else recipe_text(name)
    typer.echo(printable(text, keep="\n\t"), nl=not text.endswith("\n"))


@app.command("copy", short_help="Copy a recipe, to change it.")
def copy(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The copy.  [default: NAME.toml]", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")] = False,
) -> None:
    """Copy a recipe with its comments into a file of your own, and print where it is."""
    from toxmeter.recipe import recipe_text

    text = recipe_text(name)
    target = file or Path(f"{Path(name).stem}.toml")
    try:
        with target.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError(f"{target} exists already: name another file, or add --force") from None
    typer.echo(printable(str(target)))


@app.command("check", short_help="Find all mistakes of recipes.")
def check(
    names: Annotated[list[str], typer.Argument(metavar="FILE...", help="TOML files, or shipped recipes.")],
    overrides: Overrides = None,
) -> None:
    """Check recipes: print what each would do, or every mistake in it.

    Exit status: 0 all are right, 2 one has mistakes or cannot be read.
    """
    from toxmeter.errors import ToxmeterError
    from toxmeter.recipe import read_recipe

    wrong = False
    for name in names:
        try:
            lines = _summary(name, read_recipe(name, overrides or ()))
        except ToxmeterError as err:
            wrong = True
            typer.echo(printable(str(err), keep="\n"), err=True)
        else:
            typer.echo("\n".join(lines))
    if wrong:
        raise typer.Exit(2)


@app.command("fields", short_help="Explain what may stand in a recipe.")
def fields(
    path: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="Only this table and those in it: data, train, ...")
    ] = None,
) -> None:
    """Explain the fields of a recipe: what they hold, their defaults and what they do."""
    from toxmeter.recipe.describe import tables

    every = tables()
    wanted = [each for each in every if path is None or f"{each.path}.".startswith(f"{path}.")]
    if not wanted:
        known = [each.path for each in every if each.path]
        raise InputError(f"a recipe has no table {path!r}: there are {', '.join(dict.fromkeys(known))}"
                         f"{did_you_mean(str(path), known)}")
    typer.echo("\n\n".join("\n".join(_explained(each)) for each in wanted))


def overview() -> list[list[str]]:
    """The shipped recipes as rows of a table, its header first."""
    from toxmeter.recipe import read_recipe, recipe_text, shipped_recipes

    rows = [["name", "labels", "starts from", "what it is"]]
    for name in shipped_recipes():
        recipe = read_recipe(name)
        headline = recipe_text(name).partition("\n")[0].removeprefix(f"# {name}: ")
        rows.append([name, _labels(recipe)[1], getattr(recipe.model, "base", "-"), headline])
    return rows


def _labels(recipe: "Recipe") -> tuple[tuple[str, ...], str]:
    """The names of the labels, and their number and kind in words; none where only the data can tell."""
    from toxmeter.data.presets import PRESETS

    known = recipe.labels or (PRESETS[recipe.data.main].labels if recipe.data.main in PRESETS else None)
    return (known.names, f"{len(known.names)}, {known.kind}") if known else ((), "those of the data")


def _summary(name: str, recipe: "Recipe") -> list[str]:
    """What a recipe would do, a few lines."""
    from toxmeter.recipe.fitting import FineTuning, HashedModel

    data, model, train = recipe.data, recipe.model, recipe.train
    test = "declared test rows" if data.split == "given" else f"{data.test:.0%} test"
    sources = "".join(f" + {source.set} × {source.weight:g}" for source in data.sources)
    names, kind = _labels(recipe)
    if isinstance(train, FineTuning) and not isinstance(model, HashedModel):
        bag = "embedding bag on the tokenizer of " if model.format == "bag" else ""
        shape = f"{bag}{model.base}, {model.max_length} tokens"
        length = f"{train.max_steps} steps" if train.max_steps else f"{train.epochs:g} epochs"
        batch = f"{train.batch_tokens} tokens" if train.batching == "tokens" else f"{train.batch_size} texts"
        weights = train.class_weights if isinstance(train.class_weights, str) else "given"
        fit = (f"{length}, rate {train.lr:g} {train.schedule}, batches of {batch} × {train.accumulation},"
               f" class weights {weights}, seed {recipe.seed}")
    else:
        shape, fit = model.format, f"L-BFGS, seed {recipe.seed}"
    rows = [["  data", f"{data.main}{sources}; {data.split} split: {data.validation:.0%} validation, {test}"],
            ["  labels", f"{', '.join(names)} ({kind})" if names else kind], ["  model", shape], ["  fit", fit]]
    return [printable(line) for line in (f"{name}: no mistakes", *table(rows))]


def _explained(doc: "TableDoc") -> list[str]:
    """A table's fields, a paragraph each."""
    when = f', where model.format = "{doc.when}"' if doc.when else ""
    lines = [f"{doc.header or 'at the top of the file'}{when}: {doc.meaning}"]
    for field in doc.fields:
        told = f"{field.holds}; {field.default}" if field.default in ("", "required") else \
            f"{field.holds}; default {field.default}"
        lines += ["", f"  {field.name}  ({told.removesuffix('; ')})",
                  *textwrap.wrap(field.meaning, max(40, width() - 8), initial_indent="      ",
                                 subsequent_indent="      ")]
    return lines
