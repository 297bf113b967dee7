"""The sha256 sum of every file of the Coq library; `python -m relucert.coq.hash_library` writes this."""

SHA256 = {
    "Transformer.v": "594ac07f8f2d7fe4000a8116c9d934e9ff1456d812f8f40678ec2602fc4faac6",
    "Gate.v": "086cdaf5d8c84d66acbd1f5d7c42f1f1a49d4a7996d623582f7153693b5d43f9",
    "Sparse.v": "2f147b85e853031e75f13ea1b76e7307454b982bf82dd1d79e676ec47e62e936",
    "World.v": "6b302f38fe7c5551a675740f5e76e956ddfbb393af3f7d42ab8fb5bf703c0c57",
    "Polynomial.v": "ecd76685c01e484bf9433a06bb0d8cf73688013972782fcb22200321738d5864",
    "Facts.v": "9eb640d24d7ce3b046a873463d694ff0abed7ad2bb6b5bd8b75cc6a49264b38e",
    "Shapes.v": "dee6915666842bb5f83dff1aacaa512264fcc0dbe410656f4187ebb72ef9eb1e",
    "Pieces.v": "704abb8f199401d91fb59c4c34ca05b3a21864408a3a6d5962dd527250826d1f",
    "Bounds.v": "cd6ffe95d86bfec8fa95d03fe37595a2a371fae46b5c640226ed167c862907b0",
    "Translation.v": "31af659e5ab297678fb84c75e5aa85eba33720e98f63e9bcb80df7fdc1dcffa8",
    "Check.v": "d64a7f009153bf0dfc44c0b047f5e91158d0b6db8549b4d743e326972723a320",
}
