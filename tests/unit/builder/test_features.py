# SPDX-License-Identifier: MIT
from consent_banner import bundle, features, modules


def test_every_module_belongs_to_a_feature_and_every_feature_has_modules_that_are_there():
    files = {path.name for path in (bundle.PACKAGE / "js").glob("*.js")} - {modules.CONFIG}
    told = {row for row in features.FEATURES if row.endswith(".js")}
    assert files == told


def test_a_row_that_nobody_listed_is_a_feature_by_itself():
    assert features.feature("new-thing.js") == "new-thing"
